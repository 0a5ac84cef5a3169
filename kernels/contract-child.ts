// The process of one backend's contract check.
import { checkContract } from './contract.ts';

const outcomes = await checkContract(process.argv[2]);
process.send?.(outcomes, undefined, undefined, () => process.exit(0));
