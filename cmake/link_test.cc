// SPDX-License-Identifier: Apache-2.0
// Linked once per folder with the whole of its library: an undeclared arrow is an undefined symbol.
int main() {
  return 0;
}
