from .compiled.layer import warm_up as warm_up
from .kernel import psp as psp
from .kernel import psp_area as psp_area
from .kernel import psp_half_width as psp_half_width
from .kernel import psp_peak_time as psp_peak_time
from .kernel import psp_power as psp_power
from .neuron import Tempotron as Tempotron
from .peak import Peak as Peak
from .peak import credit as credit
from .peak import find_peak as find_peak
from .peak import first_crossing as first_crossing
from .peak import voltage as voltage
from .settings import Settings as Settings
from .tasks import Task as Task
from .training import Run as Run
from .training import train as train

INSTALL: str
__version__: str
