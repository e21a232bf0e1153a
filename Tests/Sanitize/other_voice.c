// Stands in for a library of another version than the one that Shared/CSherpa knows.
const char *SherpaOnnxGetVersionStr(void) { return "1.12.0"; }
