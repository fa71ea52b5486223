import { gather } from '../src/host/gather.ts'

/** Prints the gather script that recorded hosts are made with: `node test/record.ts | ssh HOST sh -s >test/hosts/NAME/gather.txt`. */
process.stdout.write(gather('recorded').script)
