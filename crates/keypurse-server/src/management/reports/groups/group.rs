//! What calls can be told apart by.

use keypurse_store::Dimension;

use crate::http::fields::Reason;

pub(in crate::management::reports) const GROUP_BY: &str = "group_by";

/// What calls can be told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::management) enum Group {
    /// The token, by its name.
    Token,
    /// Who served it.
    Provider,
    /// The model, as `provider/model`.
    Model,
    /// The kind of work.
    Feature,
    /// A tag of the token: a call counts under each of them.
    Tag,
    /// How it ended.
    Status,
}

impl Group {
    /// All there are.
    pub(in crate::management) const ALL: [Self; 6] = [
        Self::Token,
        Self::Provider,
        Self::Model,
        Self::Feature,
        Self::Tag,
        Self::Status,
    ];

    /// The word for it.
    pub(in crate::management) const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Provider => "provider",
            Self::Model => "model",
            Self::Feature => "feature",
            Self::Tag => "tag",
            Self::Status => "status",
        }
    }

    /// Whether storage has to tell tokens apart for it.
    pub(in crate::management::reports) fn is_by_token(self) -> bool {
        self.dimension() == Dimension::Token
    }

    fn dimension(self) -> Dimension {
        match self {
            Self::Token | Self::Tag => Dimension::Token,
            Self::Provider => Dimension::Provider,
            Self::Model => Dimension::Model,
            Self::Feature => Dimension::Feature,
            Self::Status => Dimension::Status,
        }
    }
}

/// Reads a list of groups, each of them once.
pub(in crate::management::reports) fn read(list: &str) -> Result<Vec<Group>, Reason> {
    let mut groups = Vec::new();
    for word in list.split(',') {
        let group = Group::ALL.into_iter().find(|group| group.as_str() == word);
        let group = group.ok_or_else(|| {
            let names = Group::ALL.map(Group::as_str).join(", ");
            format!("\"{word}\" is not a valid choice; send a list of {names}.")
        })?;
        if groups.contains(&group) {
            return Err(format!("\"{word}\" is there twice.").into());
        }
        groups.push(group);
    }
    Ok(groups)
}

/// What storage has to tell apart for these groups.
pub(in crate::management::reports) fn dimensions(groups: &[Group]) -> Vec<Dimension> {
    let mut dimensions = Vec::new();
    for dimension in groups.iter().map(|group| group.dimension()) {
        if !dimensions.contains(&dimension) {
            dimensions.push(dimension);
        }
    }
    dimensions
}

#[cfg(test)]
mod tests {
    use super::{Group, dimensions, read};
    use keypurse_store::Dimension;

    #[test]
    fn groups_are_a_list_without_repetitions() {
        assert_eq!(read("tag,status"), Ok(vec![Group::Tag, Group::Status]));
        assert_eq!(
            read("token,provider,model,feature,tag,status").unwrap(),
            Group::ALL
        );
        for list in ["", "token,", "token,token", "Token", "user", "token, model"] {
            assert!(read(list).is_err(), "{list}");
        }
    }

    #[test]
    fn storage_tells_each_dimension_apart_once() {
        let groups = [Group::Tag, Group::Status, Group::Token];
        let expected = [Dimension::Token, Dimension::Status];
        assert_eq!(dimensions(&groups), expected);
    }
}
