import type { Model } from '../../contract/model.ts';
import type { GgufMetadata } from './gguf-metadata.ts';

/** A model whose tensors are still in its file. */
export interface OpenedModel extends Model {
  /** What a GGUF file says of its tokenizer. Throws InputError where GGUF has no name for its kind. */
  ggufTokenizer(): GgufMetadata;
}
