#!/bin/sh
# chcp.com for clients that set the code page before anything else (Ansible): here it is UTF-8 anyway. See winrmd(8).
echo "Active code page: 65001"
