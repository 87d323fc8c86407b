import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Layout is Prettier's; import directions are dependency-cruiser's (`.dependency-cruiser.cjs`). */
export default defineConfig(
  globalIgnores(['build/', 'dist/', 'coverage/', 'docs/api/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // `data[i] as number` says "inside the array" where every index is computed; `!` is for nothing here.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // TensorFlow.js' operations return whatever tensor type is asked for; the cast is where a shape is stated.
      '@typescript-eslint/no-unnecessary-type-assertion': [
        'error',
        {
          typesToIgnore: [
            'Scalar',
            '[Tensor, Tensor, Tensor]',
            'Tensor1D',
            'Tensor2D',
            'Tensor3D',
            'Tensor4D',
          ],
        },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { destructuredArrayIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  // The command line, benches, examples and the tests' child processes are what prints.
  { files: ['src/cli/**', 'bench/**', 'examples/**', 'test/**/*-child.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**'],
    rules: {
      // Fakes implement asynchronous interfaces without waiting for anything.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-empty-function': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: { globals: { module: 'writable', process: 'readonly', console: 'readonly' } },
  },
);
