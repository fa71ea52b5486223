export { rockyWorkstation as default } from '../machines/alder_lake.ts'
