// Started by winrmd, never by hand: descriptor 3 is its way to the monitor.
#include "service/front/front.h"

int main() { return winrm::service::front::run_front(3); }
