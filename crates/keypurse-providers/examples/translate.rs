//! Translates what stands on each line of its input, for tests that compare
//! the translators with what others publish.
//!
//! `translate request|answer|stream FROM TO MODEL`: a line is a JSON object,
//! or the JSON text of a whole stream; so is the line that comes out. What is
//! refused comes out as `{"refused": …}`.

use std::error::Error;
use std::io::{self, BufRead, Write};

use keypurse_providers::translate::{
    Dialect, Replay, Target, TranslatedStream, Wanted, answer, request,
};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, from, to, model] = arguments.as_slice() else {
        return Err(fail("usage: translate request|answer|stream FROM TO MODEL"));
    };
    let (from, to) = (dialect(from)?, dialect(to)?);
    let target = Target {
        model,
        output_limit: 4000,
        limit_is_of_completion: false,
        may_reason: true,
        replay: Replay::Nothing,
    };
    let wanted = Wanted {
        created: 7,
        asked: b"{}",
    };
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let body = line.as_bytes();
        let translated = match what.as_str() {
            "request" => match request(from, to, body, &target) {
                Ok(translated) => serde_json::from_slice(&translated)?,
                Err(refused) => json!({ "refused": refused.to_string() }),
            },
            "answer" => serde_json::from_slice(&answer(from, to, body, wanted)?)?,
            _ => {
                let stream: String = serde_json::from_str(&line)?;
                let translated = TranslatedStream::new(from, to, wanted);
                let mut translated = translated.ok_or_else(|| fail("nothing to translate"))?;
                let mut whole = String::new();
                translated.push(stream.as_bytes(), &mut whole)?;
                translated.finish(&mut whole)?;
                Value::from(whole)
            }
        };
        writeln!(out, "{translated}")?;
    }
    Ok(())
}

fn fail(why: &str) -> Box<dyn Error> {
    why.into()
}

fn dialect(name: &str) -> Result<Dialect, Box<dyn Error>> {
    match name {
        "openai" => Ok(Dialect::OpenAi),
        "anthropic" => Ok(Dialect::Anthropic),
        "gemini" => Ok(Dialect::Gemini),
        "responses" => Ok(Dialect::Responses),
        _ => Err(fail(
            "a dialect is `openai`, `anthropic`, `gemini` or `responses`",
        )),
    }
}
