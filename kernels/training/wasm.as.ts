// What training a network takes, on f32 and without relaxed instructions, so that a run gives the same bits everywhere.
export { multiply, packColumns, packColumnsOfTranspose, packRows, packRowsOfTranspose } from './products.as';
export { add, clear, copy, embed, embedGradient, rmsNorm, rmsNormGradient, rotate } from './layers.as';
export { reglu, regluGradient, swiglu, swigluGradient } from './layers.as';
export { causalSoftmax, causalSoftmaxGradient, crossEntropy, distil, softmaxRows } from './softmax.as';
export {
  chooseExperts, chooseExpertsGradient, endOfChoices, gatherTokens, groupChoices, mixExperts, mixExpertsGradient, scatterTokens, scoreExperts,
} from './experts.as';
export { adamW, sumOfSquares } from './optimizer.as';
