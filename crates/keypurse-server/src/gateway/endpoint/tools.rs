//! Tools of a request: those that whoever asks runs cost nothing beside their
//! tokens, all others have fees and no price here.

use super::unpriced::Unpriced;
use crate::gateway::error::GatewayError;
use crate::http::json::Json;

/// Who runs tools without a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Runner {
    OfChats,
    OfResponses,
}

/// What an MCP server offered: names, and nothing that is run for them.
const OFFERED: &str = "mcp_list_tools";

/// No provider's type is longer.
const LONGEST_SHOWN: usize = 64;

impl Runner {
    /// The first tool in a list, which stands at `place`, that has no price.
    pub(in crate::gateway) fn first_paid(
        self,
        tools: Json<'_>,
        param: &'static str,
        place: &str,
    ) -> Result<Option<Unpriced>, GatewayError> {
        let wrong = || {
            let wrong = format!("`{place}` must be a list of objects with a `type`");
            GatewayError::invalid(Some(param), wrong)
        };
        for (at, tool) in tools.items().ok_or_else(wrong)?.enumerate() {
            let kind = tool.stated("type").and_then(Json::string);
            let kind = kind.ok_or_else(wrong)?;
            if self.groups(&kind)
                && let Some(inner) = tool.stated("tools")
            {
                let inner = self.first_paid(inner, param, &format!("{place}[{at}].tools"))?;
                if inner.is_some() {
                    return Ok(inner);
                }
            } else if !self.runs(&kind, tool) {
                let pass = self.passing();
                let kind: String = kind.chars().take(LONGEST_SHOWN).collect();
                let why = format!("`{place}[{at}]` is of type `{kind}`, and only {pass} pass");
                return Ok(Some(Unpriced::new(param, why)));
            }
        }
        Ok(None)
    }

    /// The same of tools that the items of an input bring along, of whatever
    /// type: an item nobody knows yet may bring them, too.
    pub(in crate::gateway) fn first_paid_of_items(
        self,
        input: Option<Json<'_>>,
    ) -> Result<Option<Unpriced>, GatewayError> {
        let items = input.and_then(Json::items).into_iter().flatten();
        for (at, item) in items.enumerate() {
            let kind = item.stated("type").and_then(Json::string);
            let tools = item.stated("tools");
            let Some(tools) = tools.filter(|_| kind.as_deref() != Some(OFFERED)) else {
                continue;
            };
            let paid = self.first_paid(tools, "input", &format!("input[{at}].tools"))?;
            if paid.is_some() {
                return Ok(paid);
            }
        }
        Ok(None)
    }

    /// Whether tools of this kind are a name around others.
    fn groups(self, kind: &str) -> bool {
        self == Self::OfResponses && kind == "namespace"
    }

    /// Whether the client runs this tool.
    fn runs(self, kind: &str, tool: Json<'_>) -> bool {
        let says = |holder: Option<Json<'_>>, name: &str, value: &str| {
            let said = holder.and_then(|holder| holder.stated(name));
            said.and_then(Json::string).as_deref() == Some(value)
        };
        match (kind, self) {
            ("function" | "custom", _) | ("local_shell" | "apply_patch", Self::OfResponses) => true,
            // Left out, it is the provider that searches.
            ("tool_search", Self::OfResponses) => says(Some(tool), "execution", "client"),
            ("shell", Self::OfResponses) => says(tool.stated("environment"), "type", "local"),
            _ => false,
        }
    }

    fn passing(self) -> &'static str {
        match self {
            Self::OfChats => "`function` and `custom`",
            Self::OfResponses => {
                "tools that a client runs (`function`, `custom`, `local_shell`, `apply_patch`, \
                 `shell` with a local environment, `tool_search` with the execution `client`, \
                 and `namespace` around these)"
            }
        }
    }
}
