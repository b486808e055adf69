//! `audio/speech` and `audio/transcriptions`.

mod duration;
mod ogg;
mod silence;
mod sound;
mod speech;
mod transcript;
mod transcription;

pub(super) use speech::speech;
pub(super) use transcription::transcriptions;
