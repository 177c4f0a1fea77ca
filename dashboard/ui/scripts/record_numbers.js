// A record number as people read it; programs get it without the hyphen.
const hyphenatedNumber = (number) => `${number.slice(0, 3)}-${number.slice(3)}`
