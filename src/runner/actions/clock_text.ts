/** As Python's str() writes a datetime, which is what playbooks find in results: 2024-05-01 12:00:00.000000. */
export function clockText(date: Date): string {
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${day} ${time}.${fraction(date.getMilliseconds())}`
}

/** The same of the time between two: 0:00:01.500000. */
export function spanText(from: Date, to: Date): string {
  const milliseconds = to.getTime() - from.getTime()
  const seconds = Math.floor(milliseconds / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return `${hours}:${two(minutes)}:${two(seconds % 60)}.${fraction(milliseconds % 1000)}`
}

const two = (number: number): string => String(number).padStart(2, '0')
const fraction = (milliseconds: number): string => `${String(milliseconds).padStart(3, '0')}000`
