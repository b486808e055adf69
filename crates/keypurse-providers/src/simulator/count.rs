//! How long a text is: the only place where the simulator measures.
//!
//! One unit is a word, or a run of punctuation, with the white space before it.
//! That is near what real tokenizers make of English prose and needs no
//! vocabulary. Whoever replaces it must keep one promise: the pieces of a text,
//! joined, are the text.

/// Bytes looked at together: a count of them fits into one.
const AT_ONCE: usize = 128;

/// How many units `text` is charged as, going in or coming out.
///
/// As many as [`pieces`] finds, counted where they begin: prompts are megabytes.
pub fn count(text: &str) -> u64 {
    let (mut counted, mut rest, mut last) = (0, text, Sort::Space);
    while !rest.is_empty() {
        // Nearly all of it: loops that look at nothing else are quick.
        let ascii = ascii_at_start(rest.as_bytes());
        let (run, after) = rest.split_at(ascii);
        if let (Some(first), Some(end)) = (run.bytes().next(), run.bytes().next_back()) {
            counted += u64::from(begins(last, sort_of(first)));
            counted += begun_within(run.as_bytes());
            last = sort_of(end);
        }
        rest = after;
        if !rest.is_empty() {
            let (next, length) = sort_of_next(rest);
            counted += u64::from(begins(last, next));
            last = next;
            rest = &rest[length..];
        }
    }
    // White space at the end is a piece of its own.
    counted + u64::from(!text.is_empty() && last == Sort::Space)
}

/// How many bytes of ASCII there are before anything else.
fn ascii_at_start(text: &[u8]) -> usize {
    let chunks = text.chunks(AT_ONCE);
    let ascii = chunks.take_while(|chunk| chunk.is_ascii());
    let (ascii, rest) = text.split_at(ascii.map(<[u8]>::len).sum());
    let other = rest.iter().position(|byte| !byte.is_ascii());
    ascii.len() + other.unwrap_or(rest.len())
}

/// How many pieces begin at a character that has one before it.
fn begun_within(ascii: &[u8]) -> u64 {
    let mut sorts = [Sort::Space; AT_ONCE + 1];
    let begun = (0..ascii.len()).step_by(AT_ONCE).map(|start| {
        let end = ascii.len().min(start + sorts.len());
        let sorts = &mut sorts[..end - start];
        for (sort, byte) in sorts.iter_mut().zip(&ascii[start..end]) {
            *sort = sort_of(*byte);
        }
        let pairs = sorts.iter().zip(&sorts[1..]);
        let begun = pairs.map(|(before, at)| u8::from(begins(*before, *at)));
        // So few that a byte counts them: it never wraps, and the compiler does
        // many at once, which it does not where it has to check.
        u64::from(begun.fold(0, u8::wrapping_add))
    });
    begun.sum()
}

/// Whether a piece begins with a character of sort `at`.
const fn begins(before: Sort, at: Sort) -> bool {
    at as u8 != Sort::Space as u8 && at as u8 != before as u8
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

/// The sort of a character of ASCII.
const fn sort_of(byte: u8) -> Sort {
    if byte == b' ' || matches!(byte, b'\t'..=b'\r') {
        Sort::Space
    } else if byte.is_ascii_alphanumeric() || byte == b'_' {
        Sort::Word
    } else {
        Sort::Mark
    }
}

/// The same, looked up.
const ASCII: [Sort; 128] = {
    let mut sorts = [Sort::Mark; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        sorts[byte as usize] = sort_of(byte);
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
