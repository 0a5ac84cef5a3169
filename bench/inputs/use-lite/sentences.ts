/**
 * What the sentence encoder reads to give the benchmark its activations: varied English prose, written for this project.
 * A change alters every input drawn from the model, so it starts a new series of results. The longest sentence fills the
 * encoder's 128 tokens and is the attention problem.
 */
export const sentences: readonly string[] = [
  'The ferry left twenty minutes late because the captain could not find the key to the engine room.',
  'Nobody answered the door.',
  'A thin layer of ice had formed on the inside of the kitchen window, and the cat was trying to scratch its name into it.',
  'How long does it take to boil an egg at 3,000 metres above sea level?',
  'Revenue rose 4.2 % in the third quarter, while operating costs fell slightly.',
  'She tuned the old radio until a voice came through, speaking a language that neither of them knew.',
  'Please return the borrowed ladder before Saturday.',
  'When the last orchard in the valley was sold, the owners promised the village council that they would keep the oldest trees, repair the stone wall along the river, and hand out the windfall apples to anyone who came with a basket; by the second autumn the wall had been mended twice and flooded three times, the path had become the favourite way to school, and so many people arrived with baskets, buckets, prams and wheelbarrows that the baker began selling pies beside the gate and never went back to his shop again.',
  'The committee rejected the proposal by nine votes to four.',
  'Photosynthesis turns sunlight, water and carbon dioxide into sugar and oxygen.',
  'My grandmother kept buttons in a biscuit tin and biscuits in a hat box.',
  'To reset the device, hold the power button for ten seconds, wait until the blue light stops blinking, then connect the cable again and follow the instructions that appear on the screen; if nothing happens, charge the battery for an hour, check that the cable is not damaged, and call the service desk with the serial number from the back of the case.',
  'Goal! The substitute scored with his first touch of the match.',
  'It is far easier to forgive an enemy than a friend.',
  'The violin maker tapped the spruce with one knuckle and listened.',
  'Flights to Lisbon and Porto were cancelled on account of fog.',
  'In 1927 a farmer ploughing near the coast struck a bronze bell that weighed more than his tractor.',
  'Add the flour slowly, stirring all the time, until the sauce is thick and smooth.',
  'The patient was told to avoid salt, alcohol and arguments.',
  'Why would anyone paint a lighthouse green?',
  'Our train crossed the border at midnight, and two guards with torches walked through the carriage without a word.',
  'Rent is due on the first working day of each month.',
  'He apologised twice, paid for the broken glass, and was never invited again.',
  'The library lends telescopes, sewing machines and, on request, silence.',
  'Most of the errors came from a single sensor whose clock ran eleven seconds fast.',
  'They danced in the car park while it rained.',
  'The court ruled that the contract was void, since it had been signed under a false name.',
  'Seven geese crossed the road in single file.',
  'If the price of copper keeps falling, the mine will close before winter and the town will have to live from its hot springs.',
];
