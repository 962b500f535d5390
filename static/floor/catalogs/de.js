// Written by `make messages`.
export const plural = (n) => Number(n !== 1);
export default {
"%(job)s: %(n)s lot to pick.": [
"",
""
]
};
