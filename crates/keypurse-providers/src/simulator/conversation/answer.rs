//! Decides what each turn of an answer says.

use serde_json::{Value, json};

use super::{
    Conversation, Format, Said, ToolCall, Turn,
    calling::{self, Called},
    prose::{self, Prose},
};
use crate::simulator::{dice::Dice, scenario::Scenario, schema};

/// Answers `conversation` as often as it asks for.
///
/// Of the scenarios only [`Scenario::Refusal`], [`Scenario::Length`] and
/// [`Scenario::Empty`] change the answer.
pub(in crate::simulator) fn answer(
    conversation: &Conversation<'_>,
    scenario: Option<Scenario>,
) -> Vec<Turn> {
    let answer = Answer {
        plan: Plan::of(conversation, scenario),
        conversation,
        seed: conversation.fingerprint(),
    };
    let cut_short = scenario == Some(Scenario::Length);
    let turn = |index| {
        let thoughts = conversation.options.thinks.then(|| answer.thoughts());
        let thought_and_said = (thoughts, answer.say(index));
        Turn::new(index, thought_and_said, &conversation.options, cut_short)
    };
    (0..conversation.options.choices).map(turn).collect()
}

struct Answer<'c, 'a> {
    plan: Plan<'c, 'a>,
    conversation: &'c Conversation<'a>,
    seed: u64,
}

/// What all turns have in common. Made once: a long prompt is read once, not
/// for each of 128 choices.
enum Plan<'c, 'a> {
    Refuse,
    SayNothing,
    Call(Vec<Called<'c, 'a>>),
    Talk(Prose),
    WriteObject { echo: String },
    WriteInstance(Value),
}

impl<'c, 'a> Plan<'c, 'a> {
    fn of(conversation: &'c Conversation<'a>, scenario: Option<Scenario>) -> Self {
        match scenario {
            Some(Scenario::Refusal) => return Self::Refuse,
            Some(Scenario::Empty) => return Self::SayNothing,
            _ => {}
        }
        let wanted = calling::wanted(conversation);
        if !wanted.is_empty() {
            return Self::Call(wanted.into_iter().map(Called::new).collect());
        }
        match conversation.options.format {
            Format::Text => Self::Talk(Prose::about(conversation.last_message())),
            Format::JsonObject => {
                let echoed = conversation
                    .last_user_message()
                    .unwrap_or(conversation.last_message());
                Self::WriteObject {
                    echo: prose::echo(echoed),
                }
            }
            Format::JsonSchema(schema) => Self::WriteInstance(schema.into()),
        }
    }
}

impl Answer<'_, '_> {
    fn thoughts(&self) -> String {
        prose::thoughts(self.conversation.messages.len())
    }

    fn say(&self, index: u64) -> Said {
        let dice = Dice::new(self.seed, index);
        let choices = self.conversation.options.choices;
        match &self.plan {
            Plan::Refuse => Said::Refusal(prose::REFUSAL.to_owned()),
            Plan::SayNothing => Said::Text(String::new()),
            Plan::Call(tools) => Said::Calls(self.calls(tools, index)),
            Plan::Talk(prose) => Said::Text(prose.text(index, choices, dice)),
            Plan::WriteObject { echo } => {
                let mut object = json!({ "simulated": true, "echo": echo });
                if choices > 1 {
                    object["choice"] = (index + 1).into();
                }
                Said::Text(object.to_string())
            }
            Plan::WriteInstance(schema) => {
                Said::Text(schema::instance(schema, dice, self.steps(1)).to_string())
            }
        }
    }

    fn calls(&self, tools: &[Called<'_, '_>], index: u64) -> Vec<ToolCall> {
        let steps = self.steps(tools.len());
        let places = (0_u64..).map(|place| Dice::new(self.seed, index | (place << 32)));
        let calls = tools.iter().zip(places);
        calls.map(|(tool, dice)| tool.call(dice, steps)).collect()
    }

    /// What each of so many instances may spend, so that all instances of all
    /// choices together stay within bounds too.
    fn steps(&self, instances: usize) -> u32 {
        let choices = u32::try_from(self.conversation.options.choices).unwrap_or(u32::MAX);
        let instances = u32::try_from(instances).unwrap_or(u32::MAX);
        let for_a_choice = (schema::MOST_STEPS / choices.max(1)).max(schema::LEAST_STEPS);
        for_a_choice / instances.max(1)
    }
}
