//! Well-known providers: what they are called, where they are, and the
//! variable their key usually is in.

use crate::translate::Dialect;

/// A provider that configures itself when its variable is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// What stands before the slash in its models' names.
    pub name: &'static str,
    /// Whose API it speaks.
    pub dialect: Dialect,
    /// Up to and including the version.
    pub base_url: &'static str,
    /// The environment variable its own documentation uses.
    pub api_key_env: &'static str,
    /// Whether it wants `max_completion_tokens` instead of `max_tokens`.
    pub max_completion_tokens: bool,
}

const fn preset(name: &'static str, base_url: &'static str, api_key_env: &'static str) -> Preset {
    Preset {
        name,
        dialect: Dialect::OpenAi,
        base_url,
        api_key_env,
        max_completion_tokens: false,
    }
}

/// Where Gemini's own API is, for who does not want its OpenAI endpoint.
pub const GEMINI_BASE_URL: &str = "https://generativelanguage.googleapis.com/v1beta";

/// Providers by their public documentation of November 2026.
pub const PRESETS: &[Preset] = &[
    Preset {
        max_completion_tokens: true,
        ..preset("openai", "https://api.openai.com/v1", "OPENAI_API_KEY")
    },
    Preset {
        dialect: Dialect::Anthropic,
        ..preset(
            "anthropic",
            "https://api.anthropic.com/v1",
            "ANTHROPIC_API_KEY",
        )
    },
    preset("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    preset(
        "deepseek",
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
    ),
    preset(
        "fireworks",
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_API_KEY",
    ),
    preset(
        "google",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
    ),
    preset("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    preset("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    preset(
        "openrouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
    ),
    preset(
        "together",
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
    ),
    preset("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
];
