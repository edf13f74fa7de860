@echo off
rem Offline installation: a venv in this folder, from the packages in wheels alone.
chcp 65001 >nul
setlocal
cd /d "%~dp0"

set "PYTHON="
py -@PYTHON@ -c "import sys" >nul 2>nul
if not errorlevel 1 set "PYTHON=py -@PYTHON@"
if defined PYTHON goto found
python -c "import sys; sys.exit('%%d.%%d' %% sys.version_info[:2] != '@PYTHON@')" >nul 2>nul
if not errorlevel 1 set "PYTHON=python"
if defined PYTHON goto found
echo 没有找到 Python @PYTHON@。提示：请先装 Python @PYTHON@（@PLATFORM@），再双击本文件。
echo Python @PYTHON@ was not found. Hint: install Python @PYTHON@, @PLATFORM@, and start this file again.
pause
exit /b 1

:found
echo 正在安装，约需几分钟…… Installing, this takes some minutes...
%PYTHON% -m venv --clear venv
if errorlevel 1 goto failed
"venv\Scripts\python.exe" -m pip install --quiet --disable-pip-version-check --no-index --find-links wheels "@REQUIREMENT@"
if errorlevel 1 goto failed
echo 装好了。双击 start.bat 打开网页。 Done. Start start.bat to open the page.
pause
exit /b 0

:failed
echo 没有装成。提示：把上面的几行发给给您安装包的人。
echo Not installed. Hint: send the lines above to whoever gave you the bundle.
pause
exit /b 1
