export const isModel = name => name.startsWith('src/targets/');
export function instrument(code, _name) { return { code, problems: [] }; }
