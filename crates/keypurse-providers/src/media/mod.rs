//! What images and sounds come to: how many tokens, how many seconds.

pub mod painted;
pub mod sound;
pub mod speech;

mod mp3;
mod opus;
mod wav;
