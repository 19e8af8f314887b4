import { digitSum } from './fingerprint.ts';

const NMI = /^[0-9A-HJ-NP-Z]{10}[0-9]$/;

/**
 * Whether a text is a National Metering Identifier with its check digit, the form CSIP-AUS servers take (reference 3.2): character
 * codes of the first ten, every other one doubled from the right, all their digits summed; the check digit makes it a multiple of ten.
 */
export const isNmi = (text: string): boolean => {
  if (!NMI.test(text)) return false;
  const sum = Array.from(text.slice(0, 10)).reduce(
    (total, character, index) => total + digitSum(character.charCodeAt(0) * (index % 2 === 1 ? 2 : 1)),
    0,
  );
  return (10 - (sum % 10)) % 10 === Number(text[10]);
};
