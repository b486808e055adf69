//! Who a request is translated for.

/// Where a translated request goes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The model, as its provider names it.
    pub model: &'a str,
    /// The output limit to be sent, per answer.
    pub output_limit: u64,
    /// Whether a chat provider wants `max_completion_tokens` instead of
    /// `max_tokens`.
    pub limit_is_of_completion: bool,
    /// Whether the model may be asked for an effort of reasoning. A chat
    /// provider refuses it for a model that never reasons.
    pub may_reason: bool,
    /// Whether a chat provider wants a proof with each turn's first tool call
    /// ([`crate::gemini::wants_proofs`]).
    pub wants_proofs: bool,
}
