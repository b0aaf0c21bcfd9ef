// What a plug-in needs of another library.
int stub_dependency(void) { return 7; }
