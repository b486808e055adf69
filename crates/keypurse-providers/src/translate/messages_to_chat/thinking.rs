//! How hard a model is to think.

use crate::translate::Untranslatable;
use crate::translate::object::Object;

/// The `reasoning_effort` of a request; `None` leaves it to the model.
///
/// An effort is the same word on both sides. A budget becomes the effort that
/// has the next larger budget on the way back.
pub(super) fn effort(
    request: &mut Object<'_>,
    effort: Option<String>,
) -> Result<Option<String>, Untranslatable> {
    let Some(mut thinking) = request.object("thinking")? else {
        return Ok(effort);
    };
    let kind = thinking.text("type")?.unwrap_or_default();
    let wrong = "it must be a whole number";
    let budget: Option<u64> = thinking.take_as("budget_tokens", wrong)?;
    thinking.drop_hints(&["display"]);
    thinking.finish("it has no counterpart")?;
    let budget = budget.map(|budget| {
        let effort = match budget {
            0..=1024 => "low",
            1025..=8192 => "medium",
            _ => "high",
        };
        effort.to_owned()
    });
    Ok(match kind.as_str() {
        "enabled" => effort.or(budget),
        "adaptive" => effort,
        // Not every model can be told not to think; it is a wish.
        _ => None,
    })
}
