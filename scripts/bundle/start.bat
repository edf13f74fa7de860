@echo off
rem Opens the local page.
chcp 65001 >nul
if not exist "%~dp0venv\Scripts\python.exe" goto missing
"%~dp0venv\Scripts\python.exe" -m feedback_nlp app
pause
exit /b 0

:missing
echo 还没有安装。提示：先双击 install.bat。 Not installed yet. Hint: start install.bat first.
pause
exit /b 1
