export { fedoraWorkstation as default } from '../machines/alder_lake.ts'
