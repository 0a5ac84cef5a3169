// A neighbour that keeps one core busy for as long as its parent lives.
import '../../run/leave-with-parent.ts';

for (let x = 1; ; x = (x * 1.0000001) % 1e9);
