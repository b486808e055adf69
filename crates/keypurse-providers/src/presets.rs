//! Well-known providers: what they are called, where they are, and the
//! variable their key usually is in.

use crate::translate::Dialect;

/// A provider whose name says where it is. One that does not run on the
/// operator's own machine configures itself when its variable is set.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of a table, each on its own"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// What stands before the slash in its models' names.
    pub name: &'static str,
    /// Whose API it speaks.
    pub dialect: Dialect,
    /// Up to and including the version; behind [`Self::endpoint_env`], if it
    /// has one.
    pub base_url: &'static str,
    /// The variable that says where it is, if that differs from customer to
    /// customer.
    pub endpoint_env: Option<&'static str>,
    /// The environment variable its own documentation uses.
    pub api_key_env: &'static str,
    /// Whether it wants `max_completion_tokens` instead of `max_tokens`.
    pub max_completion_tokens: bool,
    /// Whether it has `responses`, of OpenAI's dialect.
    pub has_responses: bool,
    /// Whether it wants to see again what its model thought
    /// ([`crate::translate::Replay::Reasoning`]).
    pub wants_reasoning: bool,
    /// Whether it runs on the operator's own machine: nobody publishes prices.
    pub is_local: bool,
}

const fn preset(name: &'static str, base_url: &'static str, api_key_env: &'static str) -> Preset {
    Preset {
        name,
        dialect: Dialect::OpenAi,
        base_url,
        endpoint_env: None,
        api_key_env,
        max_completion_tokens: false,
        has_responses: true,
        wants_reasoning: false,
        is_local: false,
    }
}

/// One whose documentation knows no `responses`.
const fn without_responses(preset: Preset) -> Preset {
    Preset {
        has_responses: false,
        ..preset
    }
}

/// One that has no `responses` either, and whose models go on from what they
/// thought before they called a tool ("Thinking mode" of DeepSeek and Z.ai,
/// "Use Kimi K2 Thinking"): two of them refuse a conversation without it.
const fn thinking_aloud(preset: Preset) -> Preset {
    Preset {
        wants_reasoning: true,
        ..without_responses(preset)
    }
}

const fn local(name: &'static str, base_url: &'static str, api_key_env: &'static str) -> Preset {
    Preset {
        is_local: true,
        ..preset(name, base_url, api_key_env)
    }
}

/// The preset of a name.
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
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
    // Its v1 API takes the key as OpenAI's does.
    Preset {
        endpoint_env: Some("AZURE_OPENAI_ENDPOINT"),
        max_completion_tokens: true,
        ..preset("azure", "/openai/v1", "AZURE_OPENAI_API_KEY")
    },
    without_responses(preset(
        "cerebras",
        "https://api.cerebras.ai/v1",
        "CEREBRAS_API_KEY",
    )),
    // Its compatibility API takes `stream_options` since August 2025, as its
    // documentation's change 606 says; before, it refused them.
    without_responses(preset(
        "cohere",
        "https://api.cohere.ai/compatibility/v1",
        "CO_API_KEY",
    )),
    thinking_aloud(preset(
        "deepseek",
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
    )),
    preset(
        "fireworks",
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_API_KEY",
    ),
    without_responses(preset(
        "google",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
    )),
    preset("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    without_responses(preset(
        "mistral",
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
    )),
    thinking_aloud(preset(
        "moonshotai",
        "https://api.moonshot.ai/v1",
        "MOONSHOT_API_KEY",
    )),
    preset(
        "openrouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
    ),
    without_responses(preset(
        "together",
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
    )),
    preset("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
    thinking_aloud(preset("zai", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY")),
    local("llama.cpp", "http://127.0.0.1:8080/v1", "LLAMA_API_KEY"),
    local("ollama", "http://127.0.0.1:11434/v1", "OLLAMA_API_KEY"),
    local("vllm", "http://127.0.0.1:8000/v1", "VLLM_API_KEY"),
];
