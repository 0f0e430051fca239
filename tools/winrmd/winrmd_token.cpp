// Started by winrmd, never by hand: descriptor 3 is its way to the monitor.
#include "service/token/token.h"

int main() { return winrm::service::token::run_token(3); }
