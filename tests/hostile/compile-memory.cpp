// More than the memory of the machine, to be assembled.
// Says: does not compile
asm(".rept 2000000000\n.quad 1\n.endr");
