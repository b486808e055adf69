//! Whole commands as people type them: what stdout and stderr say, and how they
//! end. Each transcript is both the commands and what is expected of them.

mod commands;
mod documents;
mod scene;
mod transcript;
