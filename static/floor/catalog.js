// Translations by their English text. English needs none; the page gives other languages theirs.
export default {};
