//! Match rules, from the source's trees to the catalogue's one-line form.

use anyhow::{Context as _, Result, bail, ensure};

use super::source::Rule;

/// The source's only pattern that excludes: text-to-speech variants.
const NOT_SPEECH: &str = "^(?!.*-[tT][tT][sS](?:$|-))";

/// Rules whose source would match names a client can choose, such as a
/// fine-tuned model with `moderation` in its suffix, at a price of 0.
const TIGHTENED: [(&str, &str, &[&str]); 1] = [(
    "openai",
    "moderation",
    &["^omni-moderation", "^text-moderation"],
)];

/// The catalogue's rules for one model, its own id left out.
pub(super) fn translate(provider: &str, id: &str, rule: &Rule) -> Result<Vec<String>> {
    let own = |entry: &&(&str, &str, &[&str])| entry.0 == provider && entry.1 == id;
    if let Some((.., rules)) = TIGHTENED.iter().find(own) {
        return Ok(rules.iter().map(ToString::to_string).collect());
    }
    let mut rules = Vec::new();
    collect(rule, &mut rules)?;
    let itself = format!("={}", id.to_ascii_lowercase());
    rules.retain(|rule| *rule != itself);
    let mut seen = std::collections::HashSet::new();
    rules.retain(|rule| seen.insert(rule.clone()));
    Ok(rules)
}

fn collect(rule: &Rule, into: &mut Vec<String>) -> Result<()> {
    match rule {
        Rule::Or(rules) => rules.iter().try_for_each(|rule| collect(rule, into))?,
        Rule::And(rules) => into.push(excluding(rules)?),
        Rule::Equals(text) => into.push(literal('=', text)?),
        Rule::StartsWith(text) => into.push(literal('^', text)?),
        Rule::EndsWith(text) => into.push(literal('$', text)?),
        Rule::Contains(text) => into.push(literal('*', text)?),
        Rule::Regex(pattern) => {
            let rules = from_regex(pattern);
            into.extend(rules.with_context(|| format!("pattern {pattern}"))?);
        }
    }
    Ok(())
}

fn literal(how: char, text: &str) -> Result<String> {
    let plain = !text.is_empty() && text.is_ascii() && !text.contains(['#', '!']);
    ensure!(plain, "`{text}` cannot be written as a rule");
    Ok(format!("{how}{}", text.to_ascii_lowercase()))
}

fn excluding(rules: &[Rule]) -> Result<String> {
    match rules {
        [Rule::StartsWith(start), Rule::Regex(pattern)] if pattern == NOT_SPEECH => {
            Ok(format!("{}!-tts", literal('^', start)?))
        }
        _ => bail!("this combination of rules is new: {rules:?}"),
    }
}

/// Understands what the source uses: literals, `\d`, `\d{8}`, `[-@]`, and an
/// end that is anchored or not.
fn from_regex(pattern: &str) -> Result<Vec<String>> {
    let mut rest = pattern
        .strip_prefix('^')
        .context("it does not start with ^")?;
    let how = if let Some(anchored) = rest.strip_suffix('$') {
        rest = anchored;
        '='
    } else {
        '^'
    };
    let mut texts = vec![String::new()];
    while let Some(first) = rest.chars().next() {
        let (alternatives, consumed) = next_part(first, rest)?;
        texts = texts
            .iter()
            .flat_map(|text| alternatives.iter().map(move |part| format!("{text}{part}")))
            .collect();
        rest = &rest[consumed..];
    }
    Ok(texts
        .into_iter()
        .map(|text| format!("{how}{}", text.to_ascii_lowercase()))
        .collect())
}

/// What the next part of a pattern may be, and its length.
fn next_part(first: char, rest: &str) -> Result<(Vec<String>, usize)> {
    let repeated = |count: usize| vec!["#".repeat(count)];
    if let Some(after) = rest.strip_prefix(r"\d") {
        let Some((count, _)) = after
            .strip_prefix('{')
            .and_then(|text| text.split_once('}'))
        else {
            return Ok((repeated(1), 2));
        };
        return Ok((repeated(count.parse()?), r"\d{}".len() + count.len()));
    }
    if let Some(after) = rest.strip_prefix('\\') {
        let escaped = after.chars().next().filter(char::is_ascii_punctuation);
        let escaped = escaped.context("an escape that is new")?;
        return Ok((vec![escaped.to_string()], 2));
    }
    if let Some((set, _)) = rest.strip_prefix('[').and_then(|text| text.split_once(']')) {
        ensure!(
            set.starts_with('-') || !set.contains(['-', '^']),
            "a range that is new"
        );
        return Ok((set.chars().map(String::from).collect(), set.len() + 2));
    }
    let plain = first.is_ascii_alphanumeric() || "-/:@_=".contains(first);
    ensure!(plain, "`{first}` is new");
    Ok((vec![first.to_string()], 1))
}
