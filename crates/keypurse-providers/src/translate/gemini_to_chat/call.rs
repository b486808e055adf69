//! A tool call's id and what goes along with it.

use serde_json::value::RawValue;

/// The call's own id, or one nobody else in this answer has. `answer` is the
/// answer's id.
pub(super) fn id(own: Option<&RawValue>, answer: Option<&RawValue>, number: u64) -> Box<RawValue> {
    let own = own.filter(|id| id.get().starts_with('"') && id.get() != "\"\"");
    let made = || {
        let answer = answer.map(|id| id.get().trim_matches('"'));
        let answer = answer.unwrap_or("translated");
        RawValue::from_string(format!("\"call_{answer}_{number}\""))
    };
    match own {
        Some(own) => own.to_owned(),
        None => made().unwrap_or_else(|_| {
            let plain = format!("\"call_{number}\"");
            RawValue::from_string(plain).expect("a text is JSON")
        }),
    }
}

/// The proof that has to be sent back.
pub(super) fn extra_content(signature: Option<&RawValue>) -> Option<Box<RawValue>> {
    let signature = signature.filter(|text| text.get().starts_with('"'))?;
    let extra = format!(
        r#"{{"google":{{"thought_signature":{}}}}}"#,
        signature.get()
    );
    Some(RawValue::from_string(extra).expect("a text is JSON"))
}
