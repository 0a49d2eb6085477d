/** A made-up person as order, device header and page write them. */
export interface Person {
  name: string
  /** Family name and given name in pinyin, as a device sends them. */
  pinyin: string
  sex: 'F' | 'M'
  /** "1958-03-12" */
  birth: string
  /** The clinic's own number. */
  id: string
  idNumber: string
}

/** Completes 17 digits with the check character of GB 11643; region 999999 is nobody's. */
function residentID(birth: string, serial: number): string {
  const digits = `999999${birth.replaceAll('-', '')}${String(serial).padStart(3, '0')}`
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce((n, weight, i) => n + weight * Number(digits[i]), 0)
  return digits + '10X98765432'[sum % 11]
}

/** The 17th digit of an ID number is odd for men: `serial` follows the sex. */
function person(name: string, pinyin: string, sex: 'F' | 'M', birth: string, id: string, serial: number): Person {
  return { name, pinyin, sex, birth, id, idNumber: residentID(birth, serial * 2 + (sex === 'M' ? 1 : 0)) }
}

export const wang = person('王秀芳', 'Wang^Xiufang', 'F', '1958-03-12', 'QS000101', 11)
