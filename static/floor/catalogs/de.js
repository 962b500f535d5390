// Written by `make messages`.
export const plural = (n) => Number(n !== 1);
export const catalog = {};
