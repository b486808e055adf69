//! What chat completions, responses and messages have in common: a
//! conversation goes in, one or several turns come out. Each route reads its
//! own wire into a [`Conversation`] and writes the [`Turn`]s in its own shapes.

mod answer;
mod asked;
mod calling;
pub(super) mod logprobs;
mod message;
mod options;
mod prose;
mod tool;
mod turn;

pub(super) use answer::answer;
pub(super) use asked::Asked;
pub(super) use message::{Conversation, Message, Part, Role};
pub(super) use options::{Format, Options};
pub(super) use tool::{
    Input, MOST_CALLABLE, MOST_TOOLS, Tool, ToolChoice, ToolForm, Toolbox, without_tools,
};
pub(super) use turn::{Finish, Said, ToolCall, Turn, bits};
