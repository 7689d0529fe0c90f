//! Letters that look like ASCII ones. A hand-made part of Unicode's `confusables.txt` (UTS #39): those that cannot be
//! told apart in usual fonts, of the scripts that attacks use.

/// The ASCII letter that a letter looks like; `None` for letters that look like none, and for ASCII itself.
pub(super) fn look_alike(letter: char) -> Option<char> {
    if let Some(index) = FROM.chars().position(|from| from == letter) {
        return TO.chars().nth(index);
    }
    styled(letter)
}

/// Cyrillic, Greek, Armenian, Latin lookalikes and Roman numerals, above what they look like.
const FROM: &str = "аеорсухѕіјһԁԛԝӏвкмнтгАВЕЅІЈКМНОРСТХҮԌԚԜοναρικυΑΒΕΖΗΙΚΜΝΟΡΤΥΧոսցօɡɑɩⅼⅽⅾⅿⅰⅴⅹℎǃ";
const TO: &str = "aeopcyxsijhdqwlbkmhtrABESIJKMHOPCTXYGQWovapikuABEZHIKMNOPTYXnugogailcdmivxh!";

/// Letters that are ASCII letters in another style: full width and mathematical. Some languages normalise them.
fn styled(letter: char) -> Option<char> {
    let code = u32::from(letter);
    let from = |base: u32, first: u8| char::from_u32(code - base + u32::from(first));
    match code {
        0xff21..=0xff3a => from(0xff21, b'A'),
        0xff41..=0xff5a => from(0xff41, b'a'),
        0xff10..=0xff19 => from(0xff10, b'0'),
        0x1d400..=0x1d6a3 => {
            let index = (code - 0x1d400) % 52;
            char::from_u32(if index < 26 { 65 + index } else { 97 + index - 26 })
        }
        0x1d7ce..=0x1d7ff => char::from_u32(48 + (code - 0x1d7ce) % 10),
        _ => None,
    }
}

/// Whether the letter is only a style of an ASCII one, which no language writes words in.
pub(super) fn is_styled(letter: char) -> bool {
    styled(letter).is_some()
}

/// The word with every letter replaced by the ASCII one that it looks like, if all have one.
pub(super) fn skeleton(word: &str) -> Option<String> {
    word.chars().map(|letter| if letter.is_ascii() { Some(letter) } else { look_alike(letter) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_belong_together() {
        assert_eq!(FROM.chars().count(), TO.chars().count());
        assert!(TO.is_ascii() && FROM.chars().all(|c| !c.is_ascii()));
        assert_eq!(skeleton("pаypal").as_deref(), Some("paypal"));
        assert_eq!(skeleton("ѕсоре").as_deref(), Some("scope"));
        assert_eq!(skeleton("ｅｖａｌ").as_deref(), Some("eval"));
        assert_eq!(skeleton("𝐞𝗑𝑒𝙘").as_deref(), Some("exec"));
        assert_eq!(skeleton("число"), None);
        assert_eq!(skeleton("总和"), None);
        assert_eq!(skeleton("naïve"), None);
    }
}
