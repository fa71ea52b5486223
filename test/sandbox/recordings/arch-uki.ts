export { archUkiDesktop as default } from '../machines/cezanne.ts'
