// Colours and shapes of marks. Each colour has a contrast of 3:1 and more to white and to the dark pages' ground, and people
// who see no red or no green tell them apart; the shapes do so without any colour.

export const COLOURS = ['#2f86c8', '#d9730d', '#1f9d77', '#a06cd5', '#c4527f', '#8a8a2b'] as const;
export const SHAPES = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down'] as const;
/** Of what is no finding: lines to read others by, and cases that say nothing. */
export const NEUTRAL = '#7d8290';
