//! How deeply JSON is nested, before anything reads it. Pure.

/// Nothing that is taken here is nested half as deeply.
const MOST: usize = 32;
pub(in crate::server) const TOO_DEEP: &str = "it is nested deeper than 32 levels";

/// Whether more than so many brackets are open at one place. What is no JSON is for others to find.
pub(in crate::server) fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > MOST {
                    return true;
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_count_where_they_are_open_and_not_in_texts() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_deep(nested(32).as_bytes()));
        assert!(is_too_deep(nested(33).as_bytes()));
        assert!(is_too_deep("{\"a\":".repeat(10_000).as_bytes()));
        assert!(!is_too_deep("[{}],".repeat(1_000).as_bytes()));
        assert!(!is_too_deep(format!("\"{}\"", "[".repeat(99)).as_bytes()));
        assert!(!is_too_deep(format!("\"\\\"{}\"", "[".repeat(99)).as_bytes()));
        assert!(is_too_deep(format!("\"\\\\\"{}", "[".repeat(99)).as_bytes()));
    }
}
