//! How long a text is: the only place where the simulator measures.
//!
//! One unit is a word, or a run of punctuation, with the white space before it.
//! That is near what real tokenizers make of English prose and needs no
//! vocabulary. Whoever replaces it must keep one promise: the pieces of a text,
//! joined, are the text.

/// How many units `text` is charged as, going in or coming out.
///
/// As many as [`pieces`] finds, counted where they begin: prompts are megabytes.
pub fn count(text: &str) -> u64 {
    let (mut counted, mut rest, mut last) = (0, text, Sort::Space);
    while !rest.is_empty() {
        // Nearly all of it: a loop that looks at nothing else is quick.
        let ascii = rest.bytes().position(|byte| !byte.is_ascii());
        let (run, after) = rest.split_at(ascii.unwrap_or(rest.len()));
        for byte in run.bytes() {
            let next = ASCII[usize::from(byte & 0x7f)];
            counted += u64::from(next != Sort::Space && next != last);
            last = next;
        }
        rest = after;
        if !rest.is_empty() {
            let (next, length) = sort_of_next(rest);
            counted += u64::from(next != Sort::Space && next != last);
            last = next;
            rest = &rest[length..];
        }
    }
    // White space at the end is a piece of its own.
    counted + u64::from(!text.is_empty() && last == Sort::Space)
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Space,
    Word,
    Mark,
}

/// The sorts of ASCII, looked up: prompts are megabytes of it.
const ASCII: [Sort; 128] = {
    let mut sorts = [Sort::Mark; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte == b' ' || matches!(byte, b'\t'..=b'\r') {
            sorts[byte as usize] = Sort::Space;
        } else if byte.is_ascii_alphanumeric() || byte == b'_' {
            sorts[byte as usize] = Sort::Word;
        }
        byte += 1;
    }
    sorts
};

fn piece_end(text: &str) -> usize {
    let (mut end, mut sort) = (0, Sort::Space);
    while let Some(byte) = text.as_bytes().get(end) {
        let (next, length) = match ASCII.get(usize::from(*byte)) {
            Some(known) => (*known, 1),
            None => sort_of_next(&text[end..]),
        };
        if sort == Sort::Space {
            sort = next;
        } else if next != sort {
            break;
        }
        end += length;
    }
    end
}

/// The sort of the first character, and its length in bytes.
fn sort_of_next(text: &str) -> (Sort, usize) {
    let Some(next) = text.chars().next() else {
        return (Sort::Space, 0);
    };
    let sort = if next.is_whitespace() {
        Sort::Space
    } else if next.is_alphanumeric() {
        Sort::Word
    } else {
        Sort::Mark
    };
    (sort, next.len_utf8())
}
