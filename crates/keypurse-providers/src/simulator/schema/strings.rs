//! Strings.

use serde_json::Value;

use super::{
    layers::Layers,
    pattern::{MOST_PARTS, Pattern},
    writer::{Writer, text_weight},
};

/// What free text is made of, and the names of properties nobody declared.
pub(super) const WORDS: [&str; 16] = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper",
    "kelp", "lumen", "maple", "nectar", "onyx", "pebble",
];

/// The longest string written, whatever `minLength` says.
const LONGEST: usize = 10_000;

impl Writer<'_> {
    pub(super) fn string(&mut self, layers: &Layers<'_>) -> Value {
        let least = layers.at_least("minLength").min(LONGEST);
        let most = layers.at_most("maxLength");
        let fits = |text: &String| (least..=most).contains(&text.chars().count());
        let pattern = layers.each("pattern").find_map(Value::as_str);
        let text = pattern
            .and_then(|pattern| self.matching(pattern, least, fits))
            .or_else(|| self.formatted(layers).filter(fits))
            .unwrap_or_else(|| self.words(least, most));
        if !self.spend(text_weight(&text)) {
            return Value::Null;
        }
        text.into()
    }

    /// Text for `pattern`. Open repetitions grow until the length fits too.
    pub(super) fn matching(
        &mut self,
        pattern: &str,
        least: usize,
        fits: impl Fn(&String) -> bool,
    ) -> Option<String> {
        self.spend(text_weight(pattern));
        let pattern = Pattern::parse(pattern)?;
        let growing = [2, 1, 0, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, least];
        let mut left = MOST_PARTS;
        let mut texts = growing
            .into_iter()
            .map(|extra| pattern.text(&mut self.dice, extra, &mut left));
        let text = texts.find_map(|text| text.filter(&fits));
        self.spend((MOST_PARTS - left) / 16);
        text
    }

    fn formatted(&mut self, layers: &Layers<'_>) -> Option<String> {
        let format = layers.each("format").find_map(Value::as_str)?;
        let word = self.word();
        let day = 1 + self.dice.below(28);
        let small = self.dice.below(254) + 1;
        Some(match format {
            "date-time" => format!("2026-01-{day:02}T09:30:00Z"),
            "date" => format!("2026-01-{day:02}"),
            "time" => format!("09:{:02}:00Z", small % 60),
            "duration" => format!("P{day}D"),
            "email" | "idn-email" => format!("{word}@example.com"),
            "hostname" | "idn-hostname" => format!("{word}.example.com"),
            "uri" | "iri" | "url" | "uri-reference" | "iri-reference" => {
                format!("https://example.com/{word}")
            }
            "ipv4" => format!("192.0.2.{small}"),
            "ipv6" => format!("2001:db8::{small:x}"),
            "uuid" => self.uuid(),
            "json-pointer" => format!("/{word}"),
            "regex" => format!("^{word}$"),
            _ => return None,
        })
    }

    /// Version 4, as most that clients see are.
    fn uuid(&mut self) -> String {
        let (high, low) = (self.dice.roll(), self.dice.roll());
        let (first, second, third) = (high >> 32, (high >> 16) & 0xffff, high & 0xfff);
        let (fourth, fifth) = (0x8000 | (low >> 50), low & 0xffff_ffff_ffff);
        format!("{first:08x}-{second:04x}-4{third:03x}-{fourth:04x}-{fifth:012x}")
    }

    /// ASCII words, so that a length in characters is one in bytes.
    fn words(&mut self, least: usize, most: usize) -> String {
        let mut text = format!("{} {}", self.word(), self.word());
        while text.len() < least {
            text.push(' ');
            text.push_str(self.word());
        }
        text.truncate(most);
        text
    }

    fn word(&mut self) -> &'static str {
        self.dice.pick(&WORDS).copied().unwrap_or_default()
    }
}
