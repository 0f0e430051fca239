// Started by winrmd, never by hand: descriptor 3 is its way to the monitor.
#include "service/user/user.h"

int main() { return winrm::service::user::run_user(3); }
