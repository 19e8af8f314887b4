# development shell: `. ./.env.sh` puts the toolchain that make installed first in PATH
export PATH="$PWD/build/bin:$PWD/node_modules/.bin:$PATH"
