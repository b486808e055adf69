//! Images and sounds: what a call can come to, and what it did.

pub(in crate::gateway) mod answer;
pub(in crate::gateway) mod bound;
pub(in crate::gateway) mod form;
pub(in crate::gateway) mod images;
pub(in crate::gateway) mod speech;
pub(in crate::gateway) mod stream;
pub(in crate::gateway) mod transcription;

use self::images::Images;
use self::speech::Speech;
use self::transcription::Transcription;

/// What is asked for beside text.
#[derive(Clone, Debug)]
pub(in crate::gateway) enum Media {
    Images(Images),
    Speech(Speech),
    Transcription(Transcription),
}
