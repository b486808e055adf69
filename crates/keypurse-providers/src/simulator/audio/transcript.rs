//! The words of a transcript, and when they are said.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::simulator::dice::fingerprint;

/// How much of a file decides about its reference, at each end.
const READ: usize = 32 * 1024;

pub(super) struct Transcript {
    pub(super) length_ms: u64,
    words: Vec<String>,
}

/// A sentence, or a word.
pub(super) struct Timed {
    pub(super) text: String,
    pub(super) start_ms: u64,
    pub(super) end_ms: u64,
}

impl Transcript {
    pub(super) fn of(file: &[u8], length_ms: u64) -> Self {
        let text = format!(
            "[simulated transcript] Nobody has listened to this sound. It has {} bytes and lasts \
             about {}.{} seconds. Reference {:08x}.",
            file.len(),
            length_ms / 1_000,
            length_ms % 1_000 / 100,
            reference(file),
        );
        let words = text.split(' ').map(str::to_owned).collect();
        Self { length_ms, words }
    }

    pub(super) fn cut(&mut self) {
        self.words.truncate(self.words.len() / 2);
    }

    pub(super) fn empty(&mut self) {
        self.words.clear();
    }

    pub(super) fn text(&self) -> String {
        self.words.join(" ")
    }

    /// Spread evenly over the sound.
    pub(super) fn words(&self) -> Vec<Timed> {
        let timed = self.words.iter().enumerate();
        timed
            .map(|(at, word)| Timed {
                text: word.clone(),
                start_ms: self.time(at),
                end_ms: self.time(at + 1),
            })
            .collect()
    }

    pub(super) fn sentences(&self) -> Vec<Timed> {
        let mut sentences = Vec::new();
        let mut at = 0;
        for words in self.words.split_inclusive(|word| word.ends_with('.')) {
            sentences.push(Timed {
                text: words.join(" "),
                start_ms: self.time(at),
                end_ms: self.time(at + words.len()),
            });
            at += words.len();
        }
        sentences
    }

    pub(super) fn srt(&self) -> String {
        let mut srt = String::new();
        for (at, sentence) in self.sentences().iter().enumerate() {
            let span = span(sentence, ',');
            // Writing to a string cannot fail.
            let _ = write!(srt, "{}\n{span}\n{}\n\n", at + 1, sentence.text);
        }
        srt
    }

    pub(super) fn vtt(&self) -> String {
        let mut vtt = "WEBVTT\n\n".to_owned();
        for sentence in self.sentences() {
            let _ = write!(vtt, "{}\n{}\n\n", span(&sentence, '.'), sentence.text);
        }
        vtt
    }

    /// When the word at this place begins.
    fn time(&self, at: usize) -> u64 {
        let of = |number: usize| u64::try_from(number).expect("some twenty words");
        self.length_ms * of(at) / of(self.words.len()).max(1)
    }
}

impl Timed {
    pub(super) fn as_word(&self) -> Value {
        let (start, end) = (seconds(self.start_ms), seconds(self.end_ms));
        json!({ "word": self.text, "start": start, "end": end })
    }

    pub(super) fn as_segment(&self, id: usize) -> Value {
        json!({
            "id": id,
            "seek": 0,
            "start": seconds(self.start_ms),
            "end": seconds(self.end_ms),
            "text": self.text,
            "tokens": [],
            "temperature": 0.0,
            "avg_logprob": -0.25,
            "compression_ratio": 1.0,
            "no_speech_prob": 0.0,
        })
    }

    pub(super) fn as_spoken(&self, id: usize) -> Value {
        json!({
            "type": "transcript.text.segment",
            "id": format!("seg_{id}"),
            "start": seconds(self.start_ms),
            "end": seconds(self.end_ms),
            "text": self.text,
            "speaker": "A",
        })
    }
}

pub(super) fn seconds(ms: u64) -> f64 {
    f64::from(u32::try_from(ms).expect("a day at most")) / 1_000.0
}

fn span(timed: &Timed, point: char) -> String {
    let (start, end) = (clock(timed.start_ms, point), clock(timed.end_ms, point));
    format!("{start} --> {end}")
}

/// `00:01:02,345`
fn clock(ms: u64, point: char) -> String {
    let seconds = ms / 1_000;
    format!(
        "{:02}:{:02}:{:02}{point}{:03}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60,
        ms % 1_000
    )
}

/// Of the length and both ends: a file can be large.
fn reference(file: &[u8]) -> u64 {
    let beginning = &file[..file.len().min(READ)];
    let end = &file[file.len().saturating_sub(READ)..];
    let digest = crc32fast::hash(beginning) ^ crc32fast::hash(end).rotate_left(16);
    fingerprint([format!("{} {digest}", file.len()).as_str()]) >> 32
}
