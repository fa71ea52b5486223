/** For commander: an option that may be given several times. */
export const repeat = (value: string, before: string[] = []): string[] => [...before, value]
