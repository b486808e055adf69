//! What goes along with a tool call.

use serde_json::value::RawValue;

/// The proof that has to be sent back.
pub(super) fn extra_content(signature: Option<&RawValue>) -> Option<Box<RawValue>> {
    let signature = signature.filter(|text| text.get().starts_with('"'))?;
    let extra = format!(
        r#"{{"google":{{"thought_signature":{}}}}}"#,
        signature.get()
    );
    Some(RawValue::from_string(extra).expect("a text is JSON"))
}
