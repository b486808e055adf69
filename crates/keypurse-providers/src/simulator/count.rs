//! How long a text is: the only place where the simulator measures.
//!
//! One unit is a word, or a run of punctuation, with the white space before it.
//! That is near what real tokenizers make of English prose and needs no
//! vocabulary. Whoever replaces it must keep one promise: the pieces of a text,
//! joined, are the text.

/// How many units `text` is charged as, going in or coming out.
pub fn count(text: &str) -> u64 {
    pieces(text).fold(0, |counted, _| counted + 1)
}

/// The pieces of `text`, in order and without gaps.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(piece_end(rest));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The longest beginning of `text` that has at most `limit` pieces, and how
/// many it has.
pub(super) fn beginning(text: &str, limit: u64) -> (&str, u64) {
    let (mut end, mut counted) = (0, 0);
    for piece in pieces(text) {
        if counted == limit {
            break;
        }
        end += piece.len();
        counted += 1;
    }
    (&text[..end], counted)
}

fn piece_end(text: &str) -> usize {
    let body = text.trim_start();
    let Some(first) = body.chars().next() else {
        return text.len();
    };
    let wordy = belongs_to_word(first);
    let length = body
        .find(|char: char| char.is_whitespace() || belongs_to_word(char) != wordy)
        .unwrap_or(body.len());
    text.len() - body.len() + length
}

fn belongs_to_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}
