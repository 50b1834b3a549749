// An executable that fills the disk.
// Says: does not compile
asm(".pushsection .data\n.fill 2000000000, 4, 1\n.popsection");

int main() {}
